// The words of a scenario's command line. Everything throws std::runtime_error with what is wrong; World tells it.
#pragma once

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "model/cluster_view.h"

namespace tamada::scenario {

using Words = std::map<std::string, std::string>;

struct Line {
  std::string verb;
  std::string object;
  std::vector<std::string> rest;  // object included
  Words words;                    // key=value, and bare words with an empty value
};

Line split(std::string_view text);
std::int64_t number(const std::string& text);
bool yes(const std::string& text);
Lsn lsn(const std::string& text);
// "300ms", "2s".
Duration duration(const std::string& text);
Tags tags(const std::string& text);

template <class T>
T look_up(const std::map<std::string, T>& table, const std::string& word) {
  const auto found = table.find(word);
  if (found == table.end()) throw std::runtime_error("unknown word: " + word);
  return found->second;
}

// The member of that name; a running replica when it is new.
Member& member_of(ClusterView& view, const std::string& name);

}  // namespace tamada::scenario
