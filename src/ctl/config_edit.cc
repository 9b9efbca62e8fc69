#include "ctl/config_edit.h"

#include <fmt/format.h>

#include "base/text.h"
#include "base/yaml.h"

namespace tamada::ctl {

namespace {

constexpr std::string_view kParameters = "postgresql.parameters.";

std::vector<std::string> path_of(std::string_view path) {
  if (path.starts_with(kParameters)) {
    return {"postgresql", "parameters", std::string(path.substr(kParameters.size()))};
  }
  return split(path, '.');
}

void remove_at(json::object& document, const std::vector<std::string>& path, std::size_t depth) {
  if (depth + 1 == path.size()) {
    document.erase(path[depth]);
    return;
  }
  json::value* next = document.if_contains(path[depth]);
  json::object* inner = next == nullptr ? nullptr : next->if_object();
  if (inner == nullptr) return;
  remove_at(*inner, path, depth + 1);
  if (inner->empty()) document.erase(path[depth]);
}

void put_at(json::object& document, const std::vector<std::string>& path, json::value value) {
  json::object* here = &document;
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    json::value& next = (*here)[path[i]];
    if (!next.is_object()) next = json::object();
    here = &next.get_object();
  }
  (*here)[path.back()] = std::move(value);
}

}  // namespace

Result<void> set_by_path(json::object& document, std::string_view setting) {
  const auto equals = setting.find('=');
  if (equals == std::string_view::npos) {
    return Error(ErrorCode::Invalid, fmt::format("Invalid parameter setting {}", setting));
  }
  auto value = parse_yaml(setting.substr(equals + 1), setting.substr(0, equals));
  if (!value) return value.error();
  const std::vector<std::string> path = path_of(setting.substr(0, equals));
  if (value->is_null()) {
    remove_at(document, path, 0);
  } else {
    put_at(document, path, std::move(*value));
  }
  return {};
}

Result<json::object> parse_config_text(std::string_view text, std::string_view source) {
  auto parsed = parse_yaml(text, source);
  if (!parsed) return parsed.error();
  if (parsed->is_null()) return json::object();
  if (!parsed->is_object()) {
    return Error(ErrorCode::Invalid, fmt::format("{} is no mapping of settings", source),
                 "write one setting a line, as in ttl: 30");
  }
  return std::move(parsed->get_object());
}

std::string config_text(const json::object& document) {
  return to_yaml(document);
}

std::string coloured_diff(std::string_view diff) {
  std::string out;
  for (const std::string& line : split(diff, '\n')) {
    const char first = line.empty() ? ' ' : line.front();
    const char* colour = first == '-' ? "\x1b[31m" : first == '+' ? "\x1b[32m" : first == '@' ? "\x1b[36m" : "";
    out += colour + line + (*colour != '\0' ? "\x1b[0m\n" : "\n");
  }
  if (!out.empty()) out.pop_back();
  return out;
}

}  // namespace tamada::ctl
