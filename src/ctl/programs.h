// Programs that commands run in the operator's terminal: the editor and the pager.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace tamada::ctl {

class Programs {
 public:
  virtual ~Programs() = default;
  // An environment variable; nullopt when unset or empty.
  virtual std::optional<std::string> variable(const std::string& name) const = 0;
  virtual Result<std::string> read_file(const std::string& path) const = 0;
  // The full path of a program on PATH (or the path itself when it has a slash); nullopt when it is not executable.
  virtual std::optional<std::string> find(const std::string& name) const = 0;
  // Runs a program on the terminal and waits for its end; its exit code, 128 + n for signal n. `input` replaces its
  // standard input when set.
  virtual Result<int> run(const std::vector<std::string>& command, const std::optional<std::string>& input) = 0;
  // Lets `editor` change a text by way of a temporary file <name_prefix>XXXXXXXX.yaml that only the operator can read
  // and that is removed afterwards. Error Failed when the editor ends with a code other than 0.
  virtual Result<std::string> edit(const std::string& editor, const std::string& name_prefix,
                                   const std::string& text) = 0;
};

}  // namespace tamada::ctl
