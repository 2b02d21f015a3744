//! The head of /status: what it looks like, in a light and in a dark theme, on a desk and on a phone.

/// Up to and with the start of the body.
pub(super) const HEAD: &str = r##"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="5">
<meta name="color-scheme" content="light dark">
<title>mail_room</title>
<style>
:root { --page: #f6f7f9; --card: #fff; --text: #1b1f24; --quiet: #5b6470; --line: #dde1e6; --good: #1a7f37; --bad: #b42318; --bar: #4c7bd9; }
@media (prefers-color-scheme: dark) {
  :root { --page: #14171b; --card: #1d2127; --text: #e7eaee; --quiet: #9aa4b0; --line: #323943; --good: #4ac26b; --bad: #ff8f80; --bar: #7fa6f8; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1rem; background: var(--page); color: var(--text); font: 1rem/1.45 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.4rem; }
h2 { margin: 0; font-size: 1.05rem; overflow-wrap: anywhere; }
p { margin: .3rem 0; overflow-wrap: anywhere; }
header p, .folder, figcaption, dt { color: var(--quiet); font-size: .875rem; }
.good h1, .good .state { color: var(--good); }
.bad h1, .bad .state { color: var(--bad); }
.state { font-weight: 600; }
main { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 21rem), 1fr)); margin-top: 1rem; }
section { padding: 1rem; background: var(--card); border: 1px solid var(--line); border-left: .3rem solid var(--line); border-radius: .5rem; }
section.good { border-left-color: var(--good); }
section.bad { border-left-color: var(--bad); }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(8rem, 1fr)); gap: .4rem .8rem; margin: .7rem 0; }
dd { margin: 0; font-variant-numeric: tabular-nums; }
figure { margin: .5rem 0; }
svg { display: block; width: 100%; height: 2rem; border-bottom: 1px solid var(--line); fill: var(--bar); }
</style>
</head>
<body>
"##;
