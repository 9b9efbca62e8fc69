// Texts of the files PostgreSQL reads: postgresql.conf, recovery.conf, pg_hba.conf, pg_ident.conf, the clean-up of
// postgresql.auto.conf (configuration.md 4). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "postgres/server_parameters.h"

namespace tamada {

// First lines of every generated file; other tools look for them.
extern const std::string_view kGeneratedHeader;

struct PostgresqlConf {
  std::string include;  // base file or custom_conf, as it stands in the include line
  GucMap parameters;
  std::string hba_file;  // written unless `parameters` has one
  std::string ident_file;
  std::optional<GucMap> recovery;  // part 6; only for 12 and newer
};
std::string format_postgresql_conf(const PostgresqlConf& conf);
std::string format_recovery_conf(const GucMap& recovery);
std::string format_lines(const std::vector<std::string>& lines);  // pg_hba.conf, pg_ident.conf

// 'value' with ' and \ doubled.
std::string quote_guc(std::string_view value);

bool is_generated(std::string_view text);
// Parameters of a file in the form `name = 'value'` or `name = value` or `name value`; comments, includes and what does
// not parse are skipped.
GucMap parse_conf(std::string_view text);
// The same for the parts of a generated postgresql.conf: part 3, and part 6.
struct GeneratedConf {
  GucMap parameters;
  GucMap recovery;
};
GeneratedConf parse_generated_conf(std::string_view text);

// The text without lines that set recovery settings; nullopt when there is none.
std::optional<std::string> without_recovery_gucs(std::string_view auto_conf);

// The temporary pg_hba.conf of a custom bootstrap: local connections of the superuser and the replication user.
std::string bootstrap_hba(const std::string& superuser, const std::string& replication,
                          const std::vector<std::string>& own_addresses);

}  // namespace tamada
