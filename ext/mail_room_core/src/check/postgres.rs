//! Whether Que's table exists and would take a row from us. Adds none.

use super::report::Report;
use crate::error::Result;
use crate::transport::postgres::{PostgresClient, StatementError};

/// Planned and not executed. PostgreSQL checks the permission all the same.
const PLAN: &str = "EXPLAIN INSERT INTO que_jobs (priority, job_class, queue, args) VALUES (100, 'x', '', '[]')";
/// Fails as an INSERT would on a standby or a read-only database.
const WRITABLE: &str = "DO $$ BEGIN IF current_setting('transaction_read_only')::boolean THEN \
                        RAISE read_only_sql_transaction; END IF; END $$";

/// The column of the job's number takes it from a sequence: `job_id` in old tables of que, `id` in newer ones. An identity column
/// needs no right of its own.
const SEQUENCE: &str = "DO $$ DECLARE name text; BEGIN \
                        SELECT pg_get_serial_sequence('que_jobs', attname::text) INTO name FROM pg_attribute \
                        WHERE attrelid = 'que_jobs'::regclass AND attname IN ('job_id', 'id') AND attidentity = '' \
                        AND NOT attisdropped ORDER BY attname DESC LIMIT 1; \
                        IF name IS NOT NULL AND NOT has_sequence_privilege(name, 'USAGE') \
                        AND NOT has_sequence_privilege(name, 'UPDATE') THEN \
                        RAISE insufficient_privilege USING MESSAGE = 'permission denied for sequence ' || name; END IF; END $$";

/// Steps `connected`, `writable`, `table` and `sequence`.
pub(super) async fn check(client: &PostgresClient, report: &mut Report) -> Option<()> {
    report.step("connected", run(client, "SELECT 1")).await?;
    report.step("writable", run(client, WRITABLE)).await?;
    report.step("table", run(client, PLAN)).await?;
    report.step("sequence", run(client, SEQUENCE)).await
}

async fn run(client: &PostgresClient, statement: &str) -> Result<()> {
    client.execute::<&str>(statement, &[]).await.map_err(|error| match error {
        StatementError::Refused(error)
        | StatementError::RefusedNul(error)
        | StatementError::Failed(error)
        | StatementError::Down(error) => error,
    })
}
