// A bash completion script, made from the command line's description: commands, options and the words that are known
// without asking anybody. Pure.
#pragma once

#include <string>

namespace tamada::ctl {

// For a program of this name; to be read by bash (`source <(tamadactl completion bash)`).
std::string bash_completion(const std::string& program);

}  // namespace tamada::ctl
