// Wanted parameters against pg_settings of the running server: what a reload applies, what waits for a restart and why
// (configuration.md 1.12, 1.13). Pure.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "model/settings_change.h"
#include "postgres/server_parameters.h"
#include "postgres/status_query.h"

namespace tamada {

struct GucChange {
  std::string name;
  std::string old_value;  // in the largest exact unit
  std::string new_value;
};

struct GucChanges {
  std::vector<GucChange> reload;
  std::vector<GucChange> restart;
  std::vector<std::string> unknown;  // no such parameter in this server, and no dot in the name
  std::vector<std::string> removed;  // were written last time, are not wanted any more
};

// `written`: what was generated last. Recovery settings are left to recovery_settings.h.
GucChanges compare_gucs(const GucMap& wanted, const GucMap& written, const std::vector<GucRow>& rows);

// {"<guc>": {"old_value": ..., "new_value": ...}}: what the comparison found, and what the server itself flags.
json::object pending_restart_reason(const GucChanges& changes, const GucMap& wanted, const std::vector<GucRow>& rows);

// The same judgement as an answer to "what would happen". A parameter that is no longer set goes back to what
// postgresql.base.conf says, which only the server knows: one that runs with its built-in default stays as it is.
void fill_outlook(const GucChanges& changes, const std::vector<GucRow>& rows, ParameterOutlook& outlook);

const GucRow* find_row(const std::vector<GucRow>& rows, std::string_view name);
bool guc_equals(const GucRow& row, const std::string& wanted, const std::vector<GucRow>& rows);

}  // namespace tamada
