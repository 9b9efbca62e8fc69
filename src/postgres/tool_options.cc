#include "postgres/tool_options.h"

#include <array>
#include <functional>

#include <fmt/format.h>

namespace tamada {

namespace {

// Says why an option is refused; empty when it is not.
using Refusal = std::function<std::string(std::string_view key, std::string_view value)>;

constexpr std::array<std::string_view, 5> kInitdbForbidden = {"pgdata", "nosync", "pwfile", "sync-only", "version"};
constexpr std::array<std::string_view, 12> kBasebackupForbidden = {"pgdata", "format",  "wal-method", "xlog-method",
                                                                   "gzip",   "version", "compress",   "dbname",
                                                                   "host",   "port",    "username",   "password"};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& list, std::string_view key) {
  for (auto item : list) {
    if (item == key) return true;
  }
  return false;
}

// One level of shell quotes around a value, as people write them in lists.
std::string unquoted(std::string text) {
  if (text.size() < 2 || (text[0] != '\'' && text[0] != '"') || text.back() != text[0]) return text;
  return text.substr(1, text.size() - 2);
}

class Collector {
 public:
  Collector(std::string program, Refusal refusal) : program_(std::move(program)), refusal_(std::move(refusal)) {}

  void add_flag(std::string_view text) {
    auto equals = text.find('=');
    std::string_view key = text.substr(0, equals);
    std::string_view value = equals == std::string_view::npos ? std::string_view() : text.substr(equals + 1);
    if (key.empty()) return refuse("an empty option");
    if (accept(key, value)) options_.arguments.push_back("--" + std::string(text));
  }

  void add_pair(std::string_view key, const std::string& value) {
    if (key.empty()) return refuse("an option without a name");
    if (accept(key, value)) options_.arguments.push_back(fmt::format("--{}={}", key, unquoted(value)));
  }

  void refuse(std::string_view what) {
    options_.problems.push_back(fmt::format("{} option cannot be used: {}", program_, what));
  }

  ToolOptions take() { return std::move(options_); }

 private:
  bool accept(std::string_view key, std::string_view value) {
    std::string why = refusal_(key, value);
    if (!why.empty()) refuse(why);
    return why.empty();
  }

  std::string program_;
  Refusal refusal_;
  ToolOptions options_;
};

void collect_list(const json::array& list, Collector& out) {
  for (const auto& item : list) {
    if (item.is_string()) {
      out.add_flag(std::string_view(item.get_string()));
      continue;
    }
    const json::object* pair = item.if_object();
    if (pair == nullptr || pair->size() != 1) {
      out.refuse("a list item must be a text or a mapping with one key");
      continue;
    }
    const auto& entry = *pair->begin();
    const json::string* value = entry.value().if_string();
    if (value == nullptr) {
      out.refuse(fmt::format("the value of '{}' must be a text, write it in quotes", std::string_view(entry.key())));
      continue;
    }
    out.add_pair(entry.key(), std::string(*value));
  }
}

ToolOptions collect(const std::string& program, const json::value& configured, Refusal refusal) {
  Collector out(program, std::move(refusal));
  if (const auto* list = configured.if_array()) {
    collect_list(*list, out);
  } else if (const auto* map = configured.if_object()) {
    for (const auto& [key, value] : *map) {
      if (is_truthy(value)) out.add_pair(key, scalar_text(value));
    }
  } else if (!configured.is_null() && is_truthy(configured)) {
    out.refuse("the options must be a list or a mapping");
  }
  return out.take();
}

}  // namespace

std::string scalar_text(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_bool()) return value.get_bool() ? "True" : "False";
  if (value.is_null()) return {};
  return to_json(value, JsonStyle::Spaced);
}

ToolOptions initdb_options(const json::value& configured) {
  return collect("initdb", configured, [](std::string_view key, std::string_view) {
    return contains(kInitdbForbidden, key) ? fmt::format("'{}' is set by the daemon", key) : std::string();
  });
}

ToolOptions basebackup_options(const json::value& configured, int major) {
  return collect("pg_basebackup", configured, [major](std::string_view key, std::string_view value) {
    if (!contains(kBasebackupForbidden, key)) return std::string();
    if (key == "compress" && major >= 150000 && value.starts_with("server")) return std::string();
    return fmt::format("'{}' is set by the daemon", key);
  });
}

}  // namespace tamada
