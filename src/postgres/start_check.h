// What keeps PostgreSQL from starting and can be seen beforehand: found before a file is written, and told with what to
// do about it. PostgreSQL would say the same, but only in its own log.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tamada {

struct StartSite {
  std::string data_dir;
  int data_version = 0;          // of PG_VERSION; 0 = unknown
  std::string listen_addresses;  // as PostgreSQL reads it
  int port = 0;
  std::string program;  // postgres; a bare name is looked for by the shell's rules and not checked here
};

// The program, owner and mode of the directory, then the port. Blocking: on a pool thread. What cannot be told is left
// to PostgreSQL: host names, an address of several that fails. Errors: NotFound (the program), Denied, Conflict (port
// in use), Unavailable (no such address here), Io.
Result<void> check_start_site(const StartSite& site);

// Major version of "postgres (PostgreSQL) 15.2 ..."; 0 for what a fork prints.
int major_of_version_line(std::string_view line);

}  // namespace tamada
