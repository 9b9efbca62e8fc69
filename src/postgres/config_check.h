// Finding parameters that this PostgreSQL would refuse at a start (configuration.md 4.3). PostgreSQL itself is asked:
// `postgres -C data_directory` reads the files as a start would, so no catalogue of parameters is needed and forks and
// extensions are right too. Here: reading its complaints. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "postgres/server_parameters.h"

namespace tamada {

// What is done about one parameter: another value, or nullopt to leave it out.
using Corrections = std::map<std::string, std::optional<std::string>>;

struct Complaint {
  std::string name;
  std::optional<std::string> limit;  // the nearest allowed value, in base units, when it was only out of range
  std::string text;                  // PostgreSQL's words
};

// Lines of standard error in the C locale; complaints about parameters that are not `ours` (the base file's) are left
// out.
std::vector<Complaint> parse_complaints(std::string_view output, const GucMap& ours);

void apply_corrections(GucMap& parameters, const Corrections& corrections);

}  // namespace tamada
