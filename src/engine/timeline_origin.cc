#include "engine/timeline_origin.h"

namespace tamada {

const Member* TimelineOrigin::other_primary(const ClusterView* view) const {
  const Member* leader = view ? view->leader_member() : nullptr;
  if (leader == nullptr || leader->name == state_.settings->name || leader->role != Role::Primary) return nullptr;
  return leader->timeline.known() ? leader : nullptr;
}

Task<void> TimelineOrigin::refresh(std::shared_ptr<const ClusterView> view, bool follows_leader) {
  LocalState& local = state_.ports.local;
  if (stale_) {
    stale_ = false;
    Result<std::optional<PromotionNote>> note = co_await local.load_promotion_note();
    if (!note) {
      stale_ = true;
      state_.log.warning("promotion note could not be read: {}", note.error().text());
      co_return;
    }
    note_ = *note;
  }
  const Member* leader = other_primary(view.get());
  const auto& row = state_.postgres.row;
  const bool streams = follows_leader && row && row->in_recovery && row->receiver_status == "streaming";
  if (leader == nullptr || leader->timeline_origin.empty() || !streams || row->timeline != leader->timeline) co_return;
  if (note_ && note_->to_timeline >= leader->timeline) co_return;
  PromotionNote followed;
  followed.to_timeline = leader->timeline;
  followed.origin = leader->timeline_origin;
  Result<void> saved = co_await local.save_promotion_note(followed);
  if (saved) {
    note_ = followed;
  } else {
    state_.log.warning("the origin of timeline {} could not be noted: {}", followed.to_timeline.id,
                       saved.error().text());
  }
}

bool TimelineOrigin::differs(const ClusterView* view) const {
  const Member* leader = other_primary(view);
  if (leader == nullptr || !note_ || !note_->to_timeline.known() || leader->timeline != note_->to_timeline)
    return false;
  if (!leader->timeline_origin.empty() && leader->timeline_origin == note_->origin) return false;
  if (!note_->own()) return !leader->timeline_origin.empty();
  // Noted before the deed, which may not have been done.
  return state_.postgres.control && state_.postgres.control->timeline >= note_->to_timeline;
}

std::string TimelineOrigin::published() const {
  const auto& row = state_.postgres.row;
  const bool known = note_ && state_.postgres.is_primary() && row->timeline == note_->to_timeline;
  return known ? note_->origin : std::string();
}

}  // namespace tamada
