// What the operator sees and types. Commands write and ask through it only, so that tests can script a conversation.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tamada::ctl {

class Console {
 public:
  virtual ~Console() = default;
  virtual void out(std::string_view text) = 0;  // stdout
  virtual void err(std::string_view text) = 0;  // stderr
  virtual bool out_is_terminal() const = 0;
  // One line without its newline; nullopt at the end of input.
  virtual std::optional<std::string> read_line() = 0;
  // The same without showing what is typed.
  virtual std::optional<std::string> read_hidden_line() = 0;
  // Everything up to the end of input.
  virtual std::string read_all() = 0;
};

// The end of input at a prompt, or the operator's refusal to go on: the program prints "Aborted!" and ends with 1.
Error aborted();
bool is_aborted(const Error& error);

// "<text> [<default>]: "; an empty answer takes the default, which is shown even when it is empty.
Result<std::string> ask(Console& console, std::string_view text, std::string_view fallback);
// "<text>: ", asked again until there is an answer.
Result<std::string> ask(Console& console, std::string_view text);
Result<std::string> ask_hidden(Console& console, std::string_view text);
// "<text> [y/N]: ".
Result<bool> ask_yes(Console& console, std::string_view text);

}  // namespace tamada::ctl
