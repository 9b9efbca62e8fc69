#include "engine/timeline_origin.h"

#include <algorithm>

namespace tamada {

const Member* TimelineOrigin::other_primary(const ClusterView* view) const {
  const Member* leader = view ? view->leader_member() : nullptr;
  if (leader == nullptr || leader->name == state_.settings->name || leader->role != Role::Primary) return nullptr;
  return leader->timeline.known() ? leader : nullptr;
}

// Noted before the deed: whether it was done, the control file tells. Until the checkpoint that follows a promotion
// only the end of recovery says on which timeline.
bool TimelineOrigin::done() const {
  const auto& control = state_.postgres.control;
  return control && std::max(control->timeline, control->min_recovery_timeline) >= note_->to_timeline;
}

Task<void> TimelineOrigin::keep(std::optional<PromotionNote> note) {
  Result<void> saved = co_await state_.ports.local.save_promotion_note(note);
  if (saved) {
    note_ = std::move(note);
  } else {
    state_.log.warning("the note of a timeline's origin could not be written: {}", saved.error().text());
  }
}

Task<void> TimelineOrigin::load() {
  if (!stale_) co_return;
  stale_ = false;
  Result<std::optional<PromotionNote>> note = co_await state_.ports.local.load_promotion_note();
  if (note) {
    note_ = *note;
  } else {
    stale_ = true;
    state_.log.warning("promotion note could not be read: {}", note.error().text());
  }
}

Task<bool> TimelineOrigin::promotion_unfinished() {
  co_await load();
  co_return note_ && note_->own() && !done();
}

Task<void> TimelineOrigin::refresh(std::shared_ptr<const ClusterView> view, bool follows_leader) {
  co_await load();
  if (stale_) co_return;
  const Member* leader = other_primary(view.get());
  const auto& row = state_.postgres.row;
  const bool streams = follows_leader && row && row->in_recovery && row->receiver_status == "streaming";
  if (leader == nullptr || !streams) co_return;
  const bool undone = note_ && note_->own() && !done();
  if (!leader->timeline_origin.empty() && row->timeline == leader->timeline &&
      (!note_ || undone || note_->to_timeline < leader->timeline)) {
    PromotionNote followed;
    followed.to_timeline = leader->timeline;
    followed.origin = leader->timeline_origin;
    co_await keep(std::move(followed));
  } else if (undone) {
    co_await keep(std::nullopt);
  }
}

bool TimelineOrigin::differs(const ClusterView* view) const {
  const Member* leader = other_primary(view);
  if (leader == nullptr || !note_ || !note_->to_timeline.known() || leader->timeline != note_->to_timeline)
    return false;
  if (!leader->timeline_origin.empty() && leader->timeline_origin == note_->origin) return false;
  if (!note_->own()) return !leader->timeline_origin.empty();
  return done();
}

std::string TimelineOrigin::published() const {
  const auto& row = state_.postgres.row;
  const bool known = note_ && state_.postgres.is_primary() && row->timeline == note_->to_timeline;
  return known ? note_->origin : std::string();
}

}  // namespace tamada
