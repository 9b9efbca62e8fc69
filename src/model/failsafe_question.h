// What a primary that lost the store asks every member: POST /failsafe (rest_api.md 15, safety.md 6.3). Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "base/json.h"
#include "base/result.h"

namespace tamada {

struct FailsafeQuestion {
  std::string name;  // who asks
  std::string conn_url;
  std::string api_url;
  // Ours only. Every question of one outage has the same episode, no other one has it; empty = not told.
  std::string episode;
  std::chrono::seconds ttl{0};  // the asker's; 0 = not told
  // Where its replication slots stand, by name.
  std::map<std::string, std::uint64_t> slots = {};

  bool operator==(const FailsafeQuestion&) const = default;
};

// The body; ours stands in the object "tamada", which others ignore.
std::string format_failsafe_question(const FailsafeQuestion& question);
// Error Invalid names the key that is missing or no text. Positions of slots that are none are left out.
Result<FailsafeQuestion> parse_failsafe_question(const json::object& body);

// The address of POST /failsafe beside an api_url; empty when that is no usable URL.
std::string failsafe_url(const std::string& api_url);

}  // namespace tamada
