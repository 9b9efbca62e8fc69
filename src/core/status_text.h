// The status line of a decision: the rule's text with its placeholders filled, in the words of the compatibility level.
// Operators and scripts search logs for these texts. Pure.
#pragma once

#include <string>
#include <string_view>

#include "model/compatibility.h"

namespace tamada {

// Values for {me}, {leader}, {source}, {request}, {procedure}, {error}, {seconds}, {slots}.
struct StatusWords {
  std::string me;
  std::string leader;
  std::string source;
  std::string request;  // "switchover" or "failover"; below 4.1 "manual failover"
  std::string procedure;
  std::string error;
  std::string seconds;
  std::string slots;
};

// Unknown placeholders stay as they are.
std::string fill_text(std::string_view text, const StatusWords& words);

// The same text as older versions wrote it.
std::string localize_status(std::string_view text, Compatibility level);

}  // namespace tamada
