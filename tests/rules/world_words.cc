#include "rules/world_words.h"

#include <algorithm>
#include <charconv>
#include <sstream>

#include <fmt/format.h>

namespace tamada::scenario {

Line split(std::string_view text) {
  std::istringstream in{std::string(text)};
  Line line;
  in >> line.verb;
  for (std::string word; in >> word;) {
    line.rest.push_back(word);
    if (line.object.empty() && word.find('=') == std::string::npos) {
      line.object = word;
      continue;
    }
    const auto equals = word.find('=');
    line.words[word.substr(0, equals)] = equals == std::string::npos ? "" : word.substr(equals + 1);
  }
  return line;
}

std::int64_t number(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size()) throw std::runtime_error("no number: " + text);
  return value;
}

bool yes(const std::string& text) {
  if (text == "yes" || text.empty()) return true;
  if (text == "no") return false;
  throw std::runtime_error("neither yes nor no: " + text);
}

Lsn lsn(const std::string& text) {
  auto parsed = parse_lsn(text);
  if (!parsed) throw std::runtime_error(parsed.error().message);
  return *parsed;
}

Duration duration(const std::string& text) {
  if (text.ends_with("ms")) return std::chrono::milliseconds(number(text.substr(0, text.size() - 2)));
  if (text.ends_with("s")) return std::chrono::seconds(number(text.substr(0, text.size() - 1)));
  throw std::runtime_error("no time span: " + text);
}

Tags tags(const std::string& text) {
  auto parsed = parse_json(text);
  if (!parsed || !parsed->is_object()) throw std::runtime_error("no JSON object: " + text);
  return {parsed->as_object()};
}

Member& member_of(ClusterView& view, const std::string& name) {
  for (Member& m : view.members) {
    if (m.name == name) return m;
  }
  Member m;
  m.name = name;
  m.conn_url = fmt::format("postgres://{}:5432/postgres", name);
  m.api_url = fmt::format("http://{}:8008/patroni", name);
  m.state = PgState::Running;
  m.role = Role::Replica;
  m.timeline = Timeline{1};
  const auto at =
      std::find_if(view.members.begin(), view.members.end(), [&](const Member& o) { return o.name > name; });
  return *view.members.insert(at, std::move(m));
}

}  // namespace tamada::scenario
