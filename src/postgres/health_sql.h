// What a look at PostgreSQL's health asks through SQL, and what the answers mean (docs/health.md). Pure.
#pragma once

#include <string>
#include <string_view>

#include "ports/health_probes.h"
#include "postgres/pg_connection.h"

namespace tamada {

// One row: is it in recovery, insert and flush position (NULL in recovery and below 9.6), sessions of clients (NULL
// below 10), how many of them there may be.
std::string health_statement(int version);
ConnectionAnswer read_health_answer(const PgAnswer& answer);

// A transaction that writes WAL and waits for its flush; empty below 9.6.
std::string health_commit_statement(int version);

// A session was refused, or its statement: whose trouble is that? `silent`: PgConnection::silent().
ConnectionAnswer judge_refusal(const Error& error, std::string_view sqlstate, bool silent);

}  // namespace tamada
