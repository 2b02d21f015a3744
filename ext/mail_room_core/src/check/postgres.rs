//! Whether Que's table exists and would take a row from us. Adds none.

use super::report::Report;
use crate::error::Result;
use crate::transport::postgres::{PostgresClient, StatementError};

/// Planned and not executed. PostgreSQL checks the permission all the same.
const PLAN: &str = "EXPLAIN INSERT INTO que_jobs (priority, job_class, queue, args) VALUES (100, 'x', '', '[]')";
/// Fails as an INSERT would on a standby or a read-only database.
const WRITABLE: &str = "DO $$ BEGIN IF current_setting('transaction_read_only')::boolean THEN \
                        RAISE read_only_sql_transaction; END IF; END $$";

/// Steps `connected`, `writable` and `table`.
pub(super) async fn check(client: &PostgresClient, report: &mut Report) -> Option<()> {
    report.step("connected", run(client, "SELECT 1")).await?;
    report.step("writable", run(client, WRITABLE)).await?;
    report.step("table", run(client, PLAN)).await
}

async fn run(client: &PostgresClient, statement: &str) -> Result<()> {
    client.execute::<&str>(statement, &[]).await.map_err(|error| match error {
        StatementError::Refused(error)
        | StatementError::RefusedNul(error)
        | StatementError::Failed(error)
        | StatementError::Down(error) => error,
    })
}
