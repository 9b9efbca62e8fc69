// The operator's terminal: hidden input and programs that take it over (editor, pager). For command-line tools on their
// one thread; everything here blocks. Not for the daemon.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace tamada {

bool is_terminal(int fd);

// A line of standard input without its newline; nullopt at the end of input. Not echoed when `hidden` and a terminal.
std::optional<std::string> read_input_line(bool hidden);
std::string read_input_to_end();
// False when the text could not be written completely (a closed pipe).
bool write_all(int fd, std::string_view text);

// Ctrl-C ends the process with code 1 after "\nAborted!\n" on stderr; the terminal's echo is on again.
void abort_on_interrupt();

// The path of an executable file: the name itself when it has a slash, else the first one on PATH.
std::optional<std::string> find_program(const std::string& name);

// Runs a program on this terminal and waits for it; its exit code, 128 + n for signal n. Ctrl-C meanwhile is the
// program's. `input` becomes its standard input when set. Error Io when it cannot be started.
Result<int> run_on_terminal(const std::vector<std::string>& command, const std::optional<std::string>& input);

// A new file <directory>/<prefix>XXXXXX<suffix> with mode 0600; its path.
Result<std::string> write_private_file(const std::string& directory, const std::string& prefix,
                                       const std::string& suffix, std::string_view text);

}  // namespace tamada
