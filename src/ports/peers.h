// Asking the other members over REST (ha_behaviour.md 2.2).
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "base/time.h"
#include "model/failsafe_question.h"
#include "model/member.h"

namespace tamada {

// One member's answer to GET <api_url>; only the body counts, not the HTTP status.
struct PeerAnswer {
  enum class Reach { Answered, Refused, Silent, Broken };  // Broken: no usable JSON body
  std::string member;
  std::string url;
  Reach reach = Reach::Silent;
  Role role = Role::Unknown;
  bool is_primary = false;  // role word or a non-zero xlog.location
  bool in_recovery = false;
  // Its PostgreSQL is in recovery and stays there (field "tamada"); told also where there is no position yet (Broken).
  bool standby = false;
  bool server_down =
      false;  // no server runs there, and nothing says that it was the primary: it has no position to tell
  Lsn received;
  Lsn replayed;
  Timeline timeline;
  Tags tags;
  bool watchdog_failed = false;
  bool sick = false;  // field "tamada", docs/health.md
  // How old what it says of its PostgreSQL was when it answered; 0 when it asks for each answer and does not tell.
  Duration observed_ago{0};
  bool receiver_stopped = false;  // its position cannot grow any more (field "tamada", safety.md 4.3)
  bool upstream_alive = false;    // it heard its upstream after the lock vanished (field "tamada", safety.md 4.4)
  Instant asked_at = kLongAgo;
  std::string problem;  // why not Answered

  Lsn position() const { return received > replayed ? received : replayed; }
};

// One member's answer to POST /failsafe.
struct ConsentAnswer {
  enum class Kind { Accepted, Refused, Silent };  // Silent: no answer that proves either
  std::string member;
  std::string url;
  Kind kind = Kind::Silent;
  std::string problem;  // why not Accepted
};

class Peers {
 public:
  virtual ~Peers() = default;
  // Asks all in parallel. A refused connection counts at once; a silent one at the deadline. Same order as `members`.
  virtual Task<std::vector<PeerAnswer>> ask(std::vector<Member> members, Instant deadline) = 0;
  // Asks all in parallel, each once, whether they let this primary go on. Same order as `members`.
  virtual Task<std::vector<ConsentAnswer>> ask_consent(FailsafeQuestion question, std::vector<Member> members,
                                                       Instant deadline) = 0;
};

}  // namespace tamada
