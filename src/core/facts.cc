#include "core/facts.h"

#include <vector>

namespace tamada {

namespace {

// "A, B, C" to {"Unknown", "A", "B", "C"}.
std::vector<std::string_view> split_values(std::string_view list) {
  std::vector<std::string_view> values = {"Unknown"};
  while (!list.empty()) {
    const auto comma = list.find(',');
    values.push_back(list.substr(0, comma));
    if (comma == std::string_view::npos) break;
    list.remove_prefix(list.find_first_not_of(", ", comma));
  }
  return values;
}

struct Entry {
  std::vector<std::string_view> values;
  FactInfo info;
};

const std::vector<Entry>& table() {
  static const std::vector<Entry> entries = [] {
    std::vector<Entry> made;
    made.reserve(kFactCount);
#define TAMADA_FACT_ENTRY(name, question, ...) made.push_back({split_values(#__VA_ARGS__), {#name, question, {}}});
    TAMADA_FACTS(TAMADA_FACT_ENTRY)
#undef TAMADA_FACT_ENTRY
    for (Entry& entry : made) entry.info.values = entry.values;
    return made;
  }();
  return entries;
}

}  // namespace

const FactInfo& fact_info(FactId id) {
  return table()[static_cast<std::size_t>(id)].info;
}

}  // namespace tamada
