// Asking the other simulated daemons: the question travels over the network, is answered from that engine's snapshot
// after a fresh status query, and travels back.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "engine/facade.h"
#include "ports/peers.h"
#include "sim/clock.h"
#include "sim/process.h"

namespace tamada::sim {

// Who answers REST on a host now.
struct DaemonDirectory {
  struct Entry {
    int host = -1;
    std::function<SimProcess*()> process;  // null while no daemon runs
    std::function<EngineFacade*()> engine;
  };
  std::map<std::string, Entry> by_host_name;
};

class SimPeers final : public Peers {
 public:
  SimPeers(SimProcess& process, const DaemonDirectory& directory) : process_(process), directory_(directory) {}
  Task<std::vector<PeerAnswer>> ask(std::vector<Member> members, Instant deadline) override;
  Task<std::vector<ConsentAnswer>> ask_consent(FailsafeQuestion question, std::vector<Member> members,
                                               Instant deadline) override;

 private:
  template <class Answer>
  struct Survey;
  template <class Answer>
  using SurveyPtr = std::shared_ptr<Survey<Answer>>;
  template <class Answer>
  using Question = std::function<void(EngineFacade& engine, std::function<void(Answer)> reply)>;
  template <class Answer>
  Task<std::vector<Answer>> survey(std::vector<Answer> answers, std::vector<Member> members, Instant deadline,
                                   Answer refused, Question<Answer> question);
  template <class Answer>
  void ask_one(SurveyPtr<Answer> survey, std::size_t index, const DaemonDirectory::Entry& target, Answer refused,
               Question<Answer> question);
  SimProcess& process_;
  const DaemonDirectory& directory_;
};

// What GET <api_url> of that daemon would tell a peer.
PeerAnswer peer_answer_from(const Snapshot& snapshot, Instant now);

}  // namespace tamada::sim
