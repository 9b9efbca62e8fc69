// /history after a promotion (dcs.md 1.10). Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/cluster_view.h"

namespace tamada {

// True when the stored document does not end with the switch to `timeline` in our own form of five elements.
bool history_is_due(const ClusterView& view, Timeline timeline);

// The lines to store. `file` is the history file of `timeline`; the newest line gets `timestamp` and `leader`, older
// ones keep what the store knew of them. `limit` 0 = all.
std::vector<HistoryLine> next_history(const ClusterView& view, std::vector<HistoryLine> file,
                                      const std::string& timestamp, const std::string& leader, int limit);

}  // namespace tamada
