// Options that the settings give to PostgreSQL's programs: bootstrap.initdb and postgresql.basebackup, as a list or as
// a mapping (configuration.md 2.3, 2.13), and command lines as a shell would split them. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace tamada {

struct ToolOptions {
  std::vector<std::string> arguments;  // "--key=value", "--flag"
  std::vector<std::string> problems;   // one sentence for each option that was left out
};

// initdb: pgdata, nosync, pwfile, sync-only and version are refused. Any problem must fail the bootstrap.
ToolOptions initdb_options(const json::value& configured);

// pg_basebackup: what decides place, form and source is refused (logged, the rest is used); `compress` is allowed when
// its value starts with "server" and the programs are of PostgreSQL 15 or newer. `major` as 150000; 0 = unknown.
ToolOptions basebackup_options(const json::value& configured, int major);

// Text of a scalar as it stands after the `=`: strings as they are, numbers and booleans as Python prints them; empty
// for null. Used for --key=value arguments of scripts.
std::string scalar_text(const json::value& value);

}  // namespace tamada
