//! Whether que's table is there and would take a row from us. Adds none.

use super::report::Report;
use crate::error::Result;
use crate::transport::postgres::{PostgresClient, Trouble};

/// Planned and not carried out; whether we may is looked at all the same.
const PLAN: &str = "EXPLAIN INSERT INTO que_jobs (priority, job_class, queue, args) VALUES (100, 'x', '', '[]')";
/// A standby, or a database that was made read only, raises what a row would raise.
const WRITABLE: &str = "DO $$ BEGIN IF current_setting('transaction_read_only')::boolean THEN \
                        RAISE read_only_sql_transaction; END IF; END $$";

/// Steps `connected`, `writable` and `table`.
pub(super) async fn check(client: &PostgresClient, report: &mut Report) -> Option<()> {
    report.step("connected", run(client, "SELECT 1")).await?;
    report.step("writable", run(client, WRITABLE)).await?;
    report.step("table", run(client, PLAN)).await
}

async fn run(client: &PostgresClient, statement: &str) -> Result<()> {
    client.execute::<&str>(statement, &[]).await.map_err(|trouble| match trouble {
        Trouble::Refused(error) | Trouble::RefusedNul(error) | Trouble::Failed(error) | Trouble::Down(error) => error,
    })
}
