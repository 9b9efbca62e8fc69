// What the brain knows of one peer from a survey; the engine fills it from ports/peers.h answers.
#pragma once

#include <string>

#include "base/time.h"
#include "model/lsn.h"
#include "model/tags.h"

namespace tamada {

struct PeerReport {
  std::string member;
  std::string url;
  bool answered = false;  // false: unreachable or without usable body, `problem` says why
  std::string problem;
  bool is_primary = false;
  bool in_recovery = false;
  bool standby = false;  // in recovery, and stays there: told also while it starts and has no position (not `answered`)
  bool server_down = false;  // no server runs there, and it was no primary
  Lsn position;              // max(received, replayed)
  Timeline timeline;
  Tags tags;
  bool watchdog_failed = false;
  bool sick = false;              // it says that it or its storage is (docs/health.md)
  bool position_expired = false;  // read more than a second before it answered: its PostgreSQL hangs (safety.md 4.1)
  bool position_final = false;    // its receiver is stopped, or two readings 100 ms apart were equal (safety.md 4.3)
  bool receiver_stopped = false;  // only then it may vote: two equal readings may be a frozen sender (safety.md 6.2)
  bool upstream_alive = false;    // safety.md 4.4
};

}  // namespace tamada
