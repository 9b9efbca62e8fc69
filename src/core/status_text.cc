#include "core/status_text.h"

#include <array>
#include <utility>

namespace tamada {

namespace {

struct OldText {
  std::string_view now;
  std::string_view then;
};

// What 1.5 wrote where later versions changed more than a word (ha_behaviour.md 1).
constexpr std::array kTexts15{
    OldText{"no action. I am ({me}), the leader with the lock", "no action.  i am the leader with the lock"},
    OldText{"no action. I am ({me}), the standby leader with the lock",
            "no action.  i am the standby leader with the lock"},
    OldText{"no action. I am ({me}), a secondary, and following a leader ({leader})",
            "no action.  i am a secondary and i am following a leader"},
    OldText{"no action. I am ({me}), a secondary, and following a standby leader ({leader})",
            "no action.  i am a secondary and i am following a standby leader"},
    OldText{"no action. I am ({me})", "no action"},
    OldText{"demoted self because DCS is not accessible and I was a leader",
            "demoted self because DCS is not accessible and i was a leader"},
    OldText{"trying to follow a remote member because standby cluster is unhealthy",
            "trying to follow a remote master because standby cluster is unhealthy"},
    OldText{"data dir for the cluster is not empty, but system ID is invalid; consider doing reinitialize",
            "data dir for the cluster is not empty, but system ID is invalid; consider doing reinitalize"},
    OldText{"waiting for standby_leader to bootstrap", "waiting for leader to bootstrap"},
};

// Texts in which 1.5 said "master"; elsewhere "primary" is no role word.
constexpr std::array<std::string_view, 6> kPrimaryTexts{
    "continue to run as primary",
    "removed leader lock because postgres is not running as primary",
    "waiting to become primary after promote...",
    "primary start has timed out",
    "cannot be a real primary in standby cluster",
    "starting primary after failure",
};

std::string replace_all(std::string text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

}  // namespace

std::string fill_text(std::string_view text, const StatusWords& words) {
  const std::array<std::pair<std::string_view, const std::string*>, 8> values{{
      {"{me}", &words.me},
      {"{leader}", &words.leader},
      {"{source}", &words.source},
      {"{request}", &words.request},
      {"{procedure}", &words.procedure},
      {"{error}", &words.error},
      {"{seconds}", &words.seconds},
      {"{slots}", &words.slots},
  }};
  std::string out;
  while (!text.empty()) {
    const auto brace = text.find('{');
    out += text.substr(0, brace);
    if (brace == std::string_view::npos) break;
    text.remove_prefix(brace);
    bool filled = false;
    for (const auto& [name, value] : values) {
      if (!text.starts_with(name)) continue;
      out += *value;
      text.remove_prefix(name.size());
      filled = true;
      break;
    }
    if (!filled) {
      out += text.front();
      text.remove_prefix(1);
    }
  }
  return out;
}

std::string localize_status(std::string_view text, Compatibility level) {
  if (level != Compatibility::V1_5) return std::string(text);
  for (const OldText& old : kTexts15) {
    if (text == old.now) return std::string(old.then);
  }
  for (const std::string_view beginning : kPrimaryTexts) {
    if (text.starts_with(beginning)) return replace_all(std::string(text), "primary", "master");
  }
  return std::string(text);
}

}  // namespace tamada
