#include "engine/history_update.h"

#include <algorithm>

namespace tamada {

bool history_is_due(const ClusterView& view, Timeline timeline) {
  if (!timeline.known()) return false;
  if (timeline.id == 1) return view.history && !view.history->lines.empty();
  if (!view.history || view.history->lines.empty()) return true;
  const HistoryLine& last = view.history->lines.back();
  return last.timeline.id != timeline.id - 1 || last.elements != 5;
}

std::vector<HistoryLine> next_history(const ClusterView& view, std::vector<HistoryLine> file,
                                      const std::string& timestamp, const std::string& leader, int limit) {
  for (HistoryLine& line : file) {
    if (!view.history) break;
    const auto& known = view.history->lines;
    auto it = std::find_if(known.begin(), known.end(),
                           [&](const HistoryLine& k) { return k.timeline == line.timeline && k.lsn == line.lsn; });
    if (it == known.end()) continue;
    line.timestamp = it->timestamp;
    line.new_leader = it->new_leader;
    line.elements = it->elements;
  }
  if (!file.empty()) {
    HistoryLine& newest = file.back();
    if (newest.timestamp.empty()) newest.timestamp = timestamp;
    if (newest.new_leader.empty()) newest.new_leader = leader;
    newest.elements = 5;
  }
  if (limit > 0 && file.size() > static_cast<std::size_t>(limit)) {
    file.erase(file.begin(), file.end() - limit);
  }
  return file;
}

}  // namespace tamada
