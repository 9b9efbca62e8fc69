// The bodies of POST /restart and /reinitialize (rest_api.md 12, 13). Pure.
#pragma once

#include <string>
#include <variant>

#include "api/replies.h"
#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "core/observation.h"
#include "model/compatibility.h"

namespace tamada {

struct RestartBody {
  RestartRequest request;
  std::optional<ParsedTime> schedule;
};

// Keys are checked in the order of the body; the first bad one answers.
std::variant<RestartBody, Refusal> read_restart_body(const json::object& body, Compatibility level, WallTime now);

ReinitializeRequest read_reinitialize_body(const json::object& body);

}  // namespace tamada
