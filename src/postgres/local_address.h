// How the daemon reaches its own PostgreSQL (ha_behaviour.md 9.8, configuration.md 2.11). Pure.
#pragma once

#include <string>
#include <string_view>

#include "model/settings.h"
#include "postgres/conninfo.h"

namespace tamada {

enum class LocalUse { Sql, Replication };

// Socket when the settings ask for it and a directory is known; else `localhost` when PostgreSQL listens there, else
// the first listen address. An empty host means libpq's own default socket directory.
ConnectTarget local_target(const PostgresSettings& settings, LocalUse use);

// A parameter by its name in any spelling; empty when it is not set.
std::string find_parameter(const PostgresSettings& settings, std::string_view name);

}  // namespace tamada
