// The world of a scenario: everything decide() looks at, changed by one-line commands in an operator's words.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/events.h"
#include "core/plan.h"

namespace tamada {

class World {
 public:
  World();

  // "postgres standby position=0/3000000". An empty string, or what is wrong with the line.
  std::string command(std::string_view line);

  // Decides, keeps the memory, and tells what was decided, line by line.
  std::string decide_and_tell();

 private:
  std::string member(const std::string& name, std::map<std::string, std::string> words);
  std::string leader(const std::string& name);
  std::string failover(std::map<std::string, std::string> words);
  std::string store(const std::string& how);
  std::string lock(const std::string& how, std::map<std::string, std::string> words);
  std::string postgres(const std::string& how, std::map<std::string, std::string> words);
  std::string promise(const std::string& to, std::map<std::string, std::string> words);
  std::string survey(const std::vector<std::string>& answers);
  std::string setting(const std::string& key, const std::string& value);
  std::string observe(const std::string& key, const std::string& value);
  std::string procedure(const std::string& kind, std::map<std::string, std::string> words);
  std::string event(const std::string& kind, std::map<std::string, std::string> words);

  Observation o_;
  ClusterView view_;
  Memory memory_;
  Settings settings_;
  Instant now_{1000s};
  WallTime wall_{std::chrono::seconds(1'700'000'000)};
};

}  // namespace tamada
