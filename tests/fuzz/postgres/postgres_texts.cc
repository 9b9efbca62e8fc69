// Files and outputs of PostgreSQL that the daemon reads: pid file, configuration, conninfo, complaints.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/invariant.h"
#include "host/process_table.h"
#include "postgres/config_check.h"
#include "postgres/postgresql_conf.h"
#include "postgres/postmaster.h"
#include "postgres/recovery_settings.h"
#include "postgres/version_table.h"

using namespace tamada;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (auto file = parse_pid_file(text)) INVARIANT(file->pid > 0);
  (void)parse_proc_stat(text);
  (void)parse_pg_version(text);
  (void)parse_complaints(text, GucMap{{"work_mem", "1"}});
  (void)same_conninfo(text, "host=a", {});
  (void)same_conninfo("host=a", text, {});
  if (auto cleaned = without_recovery_gucs(text)) INVARIANT(!without_recovery_gucs(*cleaned));
  // A value is written so that it is read back, but for line ends, and stays one setting.
  const GucMap read = parse_conf("a = " + quote_guc(text) + "\n");
  INVARIANT(read.size() == 1 && read.begin()->first == "a");
  INVARIANT(read.begin()->second.size() == text.size());
  return 0;
}
