// Texts that users and programs give: connection strings, option lists, pg_waldump's output, postmaster.opts.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/invariant.h"
#include "base/json.h"
#include "postgres/conninfo.h"
#include "postgres/crash_recovery_run.h"
#include "postgres/role_sql.h"
#include "postgres/timeline_check.h"
#include "postgres/tool_options.h"

namespace {

using namespace tamada;

// What is written is read back by libpq's own parser as the same values.
void check_conninfo(std::string_view text) {
  auto info = parse_conninfo(text);
  if (!info) return;
  auto again = parse_conninfo(info->text());
  INVARIANT(again);
  for (const auto& [key, value] : info->items()) INVARIANT(again->get(key) == value);
  INVARIANT(info->for_log() == info->without("password").without("sslpassword").text());
}

void check_options(std::string_view text) {
  auto value = parse_json(text);
  if (!value) return;
  for (const auto& argument : initdb_options(*value).arguments) {
    INVARIANT(argument.starts_with("--"));
    INVARIANT(argument != "--pwfile" && !argument.starts_with("--pwfile="));
  }
  for (const auto& argument : basebackup_options(*value, 150000).arguments)
    INVARIANT(!argument.starts_with("--pgdata"));
  if (value->is_object()) (void)wished_users(value->get_object());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  check_conninfo(text);
  check_options(text);
  auto record = parse_waldump_record(text);
  if (record) INVARIANT(record->end.bytes != 0);
  (void)options_of_last_start(text);
  (void)fill_archive_command(text, "p", "f");
  return 0;
}
