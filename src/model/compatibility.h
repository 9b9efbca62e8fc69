// Compatibility levels (D9): what is *written and answered* where Patroni's versions differ. Every level *accepts* all
// words of all levels. docs/compatibility.md lists each difference.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "model/roles.h"

namespace tamada {

enum class Compatibility { V1_5, V3_0, V4_1 };

// Accepts "1.5", "3.0", "4.1" (also as the YAML floats 1.5, 3.0, 4.1 rendered to text).
Result<Compatibility> parse_compatibility(std::string_view text);
std::string_view to_string(Compatibility level);

// The version number shown to peers, e.g. "4.1.4"; empty at 1.5, whose members publish none (dcs.md 1.12).
std::string_view peer_version(Compatibility level);

// Words for the store, REST and callbacks. Primary is "master" below 4.1.
std::string_view role_word(Role role, Compatibility level);
// Any level's word; Unknown for anything else.
Role parse_role(std::string_view word);

// `previous` is only used for "restart failed (<state>)" below 4.1.
std::string state_word(PgState state, Compatibility level, PgState previous = PgState::Unknown);
PgState parse_state(std::string_view word);

}  // namespace tamada
