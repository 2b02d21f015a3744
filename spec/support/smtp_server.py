# An SMTP server of aiosmtpd that keeps what it is sent: a line of JSON a mail. Options, as JSON: port, mails and answer
# (paths), starttls and tls (certificate and key), user and password. The file `answer`, if it is there, says what RCPT is
# answered with: a reply, or "hang".
import asyncio
import base64
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

options = json.loads(sys.argv[1])


def certified(pair):
    if not pair:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*pair)
    return context


def authenticate(server, session, envelope, mechanism, login):
    given = (login.login.decode(), login.password.decode())
    return AuthResult(success=given == (options["user"], options["password"]), handled=False)


class Keeper:
    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if os.path.exists(options["answer"]):
            with open(options["answer"]) as file:
                answer = file.read().strip()
            if answer == "hang":
                await asyncio.sleep(600)
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = {
            "from": envelope.mail_from, "to": envelope.rcpt_tos, "mail": base64.b64encode(envelope.original_content).decode(),
            "ssl": server.transport.get_extra_info("sslcontext") is not None, "login": bool(session.authenticated), "helo": session.host_name,
        }
        with open(options["mails"], "a") as file:
            file.write(json.dumps(mail) + "\n")
        return "250 kept"


def conversation():
    login = {"authenticator": authenticate, "auth_required": True, "auth_require_tls": False} if options.get("user") else {}
    return SMTP(Keeper(), tls_context=certified(options.get("starttls")), enable_SMTPUTF8=False, **login)


async def serve():
    server = await asyncio.get_running_loop().create_server(
        conversation, "127.0.0.1", options["port"], ssl=certified(options.get("tls")))
    await server.serve_forever()


asyncio.run(serve())
