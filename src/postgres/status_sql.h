// The statement that gives the one status row (rest_api.md 6.2, B5) on each server version, and the reading of its
// answer. Pure.
#pragma once

#include <string>

#include "base/result.h"
#include "model/postgres_status.h"
#include "postgres/pg_connection.h"

namespace tamada {

// `version` as 150020; 9.3 and newer. It runs in recovery and out of it; when the server leaves recovery while it runs
// it can fail with SQLSTATE 55000, a second try succeeds.
std::string status_statement(int version);

// Error Protocol when columns are missing or a value cannot be read.
Result<StatusRow> read_status_row(const PgAnswer& answer, int version);

// PostgreSQL's "2026-11-23 05:11:16.0285+00" with six digits and the zone's minutes: "... 05:11:16.028500+00:00".
std::string full_timestamp(std::string text);

// The statement for StatusQuery::settings_rows, in the order of GucRow's fields.
std::string settings_statement(int version);

}  // namespace tamada
