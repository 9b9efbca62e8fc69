#include "model/settings_parameters.h"

#include <array>
#include <optional>

#include "base/python_text.h"
#include "base/text.h"
#include "base/units.h"
#include "model/settings_merge.h"

namespace tamada {

namespace {

enum class Accepts { Nothing, WalLevel, TrueOnly, Boolean, Integer, Megabytes };

struct Controlled {
  std::string_view name;
  std::string_view fallback;  // empty: comes from somewhere else, or only when it is set
  Accepts accepts;
  std::int64_t least;
};

constexpr std::array<Controlled, 15> kControlled{{
    {"listen_addresses", "", Accepts::Nothing, 0},
    {"port", "", Accepts::Nothing, 0},
    {"cluster_name", "", Accepts::Nothing, 0},
    {"wal_level", "hot_standby", Accepts::WalLevel, 0},
    {"hot_standby", "on", Accepts::TrueOnly, 0},
    {"max_connections", "100", Accepts::Integer, 25},
    {"max_wal_senders", "10", Accepts::Integer, 3},
    {"wal_keep_segments", "", Accepts::Integer, 1},
    {"wal_keep_size", "", Accepts::Megabytes, 16},
    {"max_prepared_transactions", "0", Accepts::Integer, 0},
    {"max_locks_per_transaction", "64", Accepts::Integer, 32},
    {"track_commit_timestamp", "off", Accepts::Boolean, 0},
    {"max_replication_slots", "10", Accepts::Integer, 4},
    {"max_worker_processes", "8", Accepts::Integer, 2},
    {"wal_log_hints", "on", Accepts::Boolean, 0},
}};

constexpr std::int64_t kDefaultKeepMegabytes = 128;
constexpr std::int64_t kSegmentMegabytes = 16;

const Controlled* find_controlled(std::string_view name) {
  for (const Controlled& row : kControlled) {
    if (equal_ignoring_case(row.name, name)) return &row;
  }
  return nullptr;
}

// The text to use, or nullopt when the value is refused.
std::optional<std::string> accept(const Controlled& row, const json::value& value) {
  if (value.is_structured()) return std::nullopt;
  const std::string text = python_text(value);
  switch (row.accepts) {
    case Accepts::Nothing:
      return std::nullopt;
    case Accepts::WalLevel: {
      const std::string word = to_lower(text);
      const bool known = word == "hot_standby" || word == "replica" || word == "logical";
      return known ? std::optional(text) : std::nullopt;
    }
    case Accepts::TrueOnly:
      return parse_boolean(text).value_or(false) ? std::optional(text) : std::nullopt;
    case Accepts::Boolean:
      return parse_boolean(text) ? std::optional(text) : std::nullopt;
    case Accepts::Integer:
    case Accepts::Megabytes:
      break;
  }
  const auto number =
      value.is_bool() ? std::nullopt : parse_integer(text, row.accepts == Accepts::Megabytes ? "MB" : "");
  if (!number || *number < row.least) return std::nullopt;
  return has_unit(text) ? text : std::to_string(*number);
}

std::string describe_accepted(const Controlled& row) {
  switch (row.accepts) {
    case Accepts::WalLevel:
      return "; it takes hot_standby, replica, logical";
    case Accepts::TrueOnly:
      return "; it takes on";
    case Accepts::Boolean:
      return "; it takes a boolean";
    case Accepts::Integer:
    case Accepts::Megabytes:
      return "; it takes at least " + std::to_string(row.least) + (row.accepts == Accepts::Megabytes ? "MB" : "");
    case Accepts::Nothing:
      break;
  }
  return "";
}

class ParameterBuilder {
 public:
  ParameterBuilder(const ParameterSources& sources, Origins& origins, std::map<std::string, std::string>& notes,
                   std::vector<std::string>& warnings)
      : sources_(sources), origins_(origins), notes_(notes), warnings_(warnings) {}

  std::map<std::string, std::string> build() {
    take_dynamic(parameters_of(sources_.dynamic, sources_.dynamic_source + ": "));
    take_local(parameters_of(sources_.local, ""));
    for (const Controlled& row : kControlled) {
      if (!row.fallback.empty() && spelling(row.name).empty()) put(row.name, std::string(row.fallback), "default");
    }
    force("listen_addresses", sources_.listen_addresses);
    force("port", std::to_string(sources_.port));
    force("cluster_name", sources_.cluster_name);
    keep_wal();
    return std::move(out_);
  }

 private:
  json::object parameters_of(const json::object& document, const std::string& where) {
    const json::object* postgresql = find_mapping(document, "postgresql");
    const json::value* parameters = postgresql == nullptr ? nullptr : find_value(*postgresql, "parameters");
    if (parameters == nullptr) return {};
    if (parameters->is_object()) return parameters->get_object();
    warnings_.push_back(where + "postgresql.parameters: expected a mapping, found " +
                        describe_value("postgresql.parameters", *parameters) + "; it is ignored");
    return {};
  }

  void take_dynamic(const json::object& parameters) {
    for (const auto& [name, value] : parameters) {
      if (value.is_null()) continue;
      const Controlled* row = find_controlled(name);
      if (row == nullptr) {
        put(name, python_text(value), sources_.dynamic_source);
      } else if (const auto text = accept(*row, value)) {
        put(name, *text, sources_.dynamic_source);
      } else {
        refuse(*row, value);
      }
    }
  }

  void take_local(const json::object& parameters) {
    for (const auto& [name, value] : parameters) {
      const std::string path = "postgresql.parameters." + std::string(name);
      if (find_controlled(name) != nullptr) {
        warnings_.push_back(path + " has no effect: only the dynamic configuration sets it");
        continue;
      }
      const auto origin = sources_.local_origins.find(path);
      if (value.is_null()) {
        remove(name);
      } else {
        put(name, python_text(value), origin == sources_.local_origins.end() ? "local configuration" : origin->second);
      }
    }
  }

  void refuse(const Controlled& row, const json::value& value) {
    const std::string name(row.name);
    if (row.accepts == Accepts::Nothing) {
      const std::string place = row.name == "cluster_name" ? "scope" : "postgresql.listen";
      warnings_.push_back(sources_.dynamic_source + ": postgresql.parameters." + name + " has no effect: it follows " +
                          place);
      notes_["postgresql.parameters." + name] = "follows " + place;
      return;
    }
    const std::string fallback = row.fallback.empty() ? "the built-in retention" : std::string(row.fallback);
    const std::string what = name + "=" + python_text(value) + " failed validation, defaulting to " + fallback;
    warnings_.push_back("postgresql parameter " + what);
    notes_["postgresql.parameters." + name] = what + describe_accepted(row);
  }

  // Both names are kept as far as they say the same; the version of the server picks one.
  void keep_wal() {
    if (!spelling("wal_keep_size").empty()) return;
    const std::string segments = spelling("wal_keep_segments");
    const auto count = segments.empty() ? std::nullopt : parse_integer(out_[segments]);
    const std::int64_t limit = std::numeric_limits<std::int64_t>::max() / kSegmentMegabytes;
    const std::int64_t megabytes = count && *count < limit ? *count * kSegmentMegabytes : kDefaultKeepMegabytes;
    put("wal_keep_size", std::to_string(megabytes) + "MB",
        count ? "derived from postgresql.parameters." + segments : "default");
  }

  std::string spelling(std::string_view name) const {
    for (const auto& [known, value] : out_) {
      if (equal_ignoring_case(known, name)) return known;
    }
    return {};
  }
  void remove(std::string_view name) {
    const std::string known = spelling(name);
    if (known.empty()) return;
    out_.erase(known);
    origins_.erase("postgresql.parameters." + known);
  }
  void put(std::string_view name, std::string value, std::string source) {
    remove(name);
    origins_["postgresql.parameters." + std::string(name)] = std::move(source);
    out_[std::string(name)] = std::move(value);
  }
  void force(std::string_view name, const std::string& value) { put(name, value, "forced"); }

  const ParameterSources& sources_;
  Origins& origins_;
  std::map<std::string, std::string>& notes_;
  std::vector<std::string>& warnings_;
  std::map<std::string, std::string> out_;
};

}  // namespace

bool is_controlled_parameter(std::string_view name) {
  return find_controlled(name) != nullptr;
}

std::string_view parameter_default(std::string_view name) {
  const Controlled* row = find_controlled(name);
  return row == nullptr ? std::string_view() : row->fallback;
}

std::map<std::string, std::string> build_parameters(const ParameterSources& sources, Origins& origins,
                                                    std::map<std::string, std::string>& notes,
                                                    std::vector<std::string>& warnings) {
  return ParameterBuilder(sources, origins, notes, warnings).build();
}

}  // namespace tamada
