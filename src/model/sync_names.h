// The parameter synchronous_standby_names: '', '*', 'a, b', '2 (a, b)', 'FIRST 2 (a, b)', 'ANY 2 (a, b)', quoted names
// (PostgreSQL: "Replication", syncrep_scanner.l and syncrep_gram.y).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tamada {

struct SyncNames {
  enum class Method { Priority, Quorum };
  Method method = Method::Priority;
  int count = 0;                   // standbys that a commit waits for; 0 = off
  std::vector<std::string> names;  // as written, without quotes; "*" = every standby

  bool off() const { return count == 0; }
  // A list with "*" names nobody in particular.
  bool everybody() const;
  bool lists(std::string_view name) const;  // ignoring case, as PostgreSQL compares; not through "*"
  bool operator==(const SyncNames&) const = default;
};

// nullopt: PostgreSQL would refuse it.
std::optional<SyncNames> parse_sync_names(std::string_view text);
// One name of the priority form is written bare, several as 'N (a,b)', the quorum form always with its list. Names
// that PostgreSQL would read as something else are quoted.
std::string format_sync_names(const SyncNames& names);
std::string quote_sync_name(std::string_view name);

}  // namespace tamada
