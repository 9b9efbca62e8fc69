// What a member publishes about itself in members/<name> (dcs.md 1.7), and reads of others.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "model/compatibility.h"
#include "model/lsn.h"
#include "model/roles.h"
#include "model/tags.h"

namespace tamada {

struct Member {
  std::string name;
  std::string conn_url;  // postgres://host:port/database, never with credentials; empty = not published
  std::string api_url;   // http(s)://host:port/patroni; empty = not published
  std::string proxy_url;
  PgState state = PgState::Unknown;
  std::string state_text;  // as it was written, for display
  Role role = Role::Unknown;
  std::string version;          // empty = not published (Patroni 1.5)
  std::string timeline_origin;  // primary: which promotion made its timeline (engine/timeline_origin.h); ours only
  std::string tamada_version;   // our own, field "tamada"; empty for Patroni members
  std::string failsafe_over;    // the last failsafe episode of this member that has ended (safety.md 6.3); ours only
  Tags tags;
  Lsn xlog_location;
  Lsn receive_lsn;
  Lsn replay_lsn;
  Timeline timeline;
  std::string replication_state;  // "streaming", "in archive recovery" or empty
  bool pending_restart = false;
  json::object pending_restart_reason;
  bool checkpoint_pending = false;  // checkpoint_after_promote: false was published
  bool pause = false;
  std::optional<json::object> scheduled_restart;
  std::int64_t revision = 0;  // store version of the key
  std::string session;        // lease or session the key hangs on

  // host and port of conn_url; port 5432 when absent. Empty host when there is no usable URL.
  std::string host() const;
  int port() const;
};

// Never fails: broken JSON or a non-object gives a member with only its name; the pre-Patroni form
// "postgres://...?application_name=<api_url>" is read; conn_kwargs may stand in for conn_url.
Member parse_member(std::string_view name, std::string_view value);
// Compact JSON of the level. Fields that are unknown or at their silent default are left out.
std::string format_member(const Member& member, Compatibility level);

}  // namespace tamada
