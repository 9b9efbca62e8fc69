#include "model/cluster_view.h"

#include <algorithm>

#include "base/text.h"

namespace tamada {

namespace {

constexpr std::size_t kMinSystemIdentifierDigits = 10;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

bool SyncState::lists(std::string_view name) const {
  return std::any_of(standbys.begin(), standbys.end(),
                     [name](const std::string& standby) { return equal_ignoring_case(standby, name); });
}

bool InitializeKey::valid() const {
  return value.size() >= kMinSystemIdentifierDigits && std::all_of(value.begin(), value.end(), is_digit);
}

const Member* ClusterView::member(std::string_view name) const {
  const auto it = std::find_if(members.begin(), members.end(), [name](const Member& m) { return m.name == name; });
  return it == members.end() ? nullptr : &*it;
}

const Member* ClusterView::leader_member() const {
  return leader ? member(leader->name()) : nullptr;
}

bool ClusterView::empty() const {
  return !initialize && !config && config_revision == 0 && !leader && !status && status_revision == 0 &&
         members.empty() && failover_revision == 0 && sync.empty() && sync.revision == 0 && !history &&
         failsafe.empty();
}

}  // namespace tamada
