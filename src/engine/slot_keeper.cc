#include "engine/slot_keeper.h"

#include <algorithm>

#include "base/text.h"
#include "base/units.h"
#include "core/follow.h"

namespace tamada {

namespace {

constexpr Duration kSqlPatience = 5s;
constexpr Duration kLeaderPatience = 5s;
constexpr Duration kSlowPatience = 3600s;  // decoding WAL, waiting for transactions
constexpr Duration kCopyPause = 60s;       // a copy that brought nothing is not repeated at once: it needs a restart
constexpr Duration kLookPause = 10s;       // after one that was given up before it stopped anything
constexpr int kMostCopyDoublings = 6;
constexpr std::size_t kDefaultMostSlots = 10;

std::string name_of(const LockGeneration& generation) {
  return fmt::format("{}/{}/{}", generation.holder, generation.create_revision, generation.session);
}

const SlotInfo* find_slot(const std::vector<SlotInfo>& slots, const std::string& name) {
  const auto found = std::find_if(slots.begin(), slots.end(), [&](const SlotInfo& slot) { return slot.name == name; });
  return found == slots.end() ? nullptr : &*found;
}

bool holds(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string parameter(const Settings& settings, std::string_view name) {
  for (const auto& [key, value] : settings.postgresql.parameters) {
    if (equal_ignoring_case(key, name)) return value;
  }
  return {};
}

}  // namespace

SlotKeeper::SlotKeeper(Executor executor, EngineState& state, ProcedureContext& context)
    : state_(state), context_(context), slow_(executor) {}

SlotsSide SlotKeeper::side() const {
  SlotsSide side;
  side.holds_lock = context_.lock.proof().has_value();
  side.in_recovery = !state_.postgres.is_primary();
  side.version = state_.postgres.major_version;
  if (state_.postgres.row) side.replayed = state_.postgres.row->replayed_lsn;
  side.retained = retained_slots(state_.memory, *state_.settings, side.version, context_.clock.now());
  const FailsafeSlots& told = state_.failsafe_slots;
  if (context_.clock.now() < told.until) side.told = told.positions;
  return side;
}

Task<void> SlotKeeper::look(View view, bool only_move) {
  const Instant deadline = context_.clock.now() + kSqlPatience;
  const bool primary = state_.postgres.is_primary();
  Result<std::vector<SlotInfo>> slots = co_await context_.sql.slots(deadline);
  if (!slots) {
    state_.log.warning("replication slots could not be listed: {}", slots.error().text());
    co_return;
  }
  // What was looked at and what is known of PostgreSQL have to be of one life of it.
  if (primary != state_.postgres.is_primary() || !state_.postgres.running()) co_return;
  if (std::exchange(was_primary_, primary) != primary && slow_busy_) slow_.cancel(slow_id_);
  for (SlotInfo& slot : *slots) slot.invalid |= broken_.contains(slot.name);
  const SlotsSide here = side();
  co_await load_sound();
  report(view, here, *slots);
  SlotsPlan plan = plan_slots(*view, *state_.settings, here, *slots);
  co_await advance_physical(plan, deadline);
  if (!primary) advance_logical(plan, *slots);
  if (only_move) co_return;
  warn_once(plan.warnings);
  if (primary && here.holds_lock) {
    if (published_.empty() && view->status) published_ = view->status->slots;
    co_await look_as_primary(*slots);
    remember_positions();
  }
  if (!primary && !here.holds_lock) co_await look_as_standby(view, *slots);
  co_await drop(plan, deadline);
  co_await create(plan, deadline);
  if (primary && here.holds_lock) create_logical(plan);
  offer_copies(view, plan, *slots);
}

void SlotKeeper::report(const View& view, const SlotsSide& side, const std::vector<SlotInfo>& existing) {
  SlotReport& out = state_.slots;
  out.slots.clear();
  const auto permanent = permanent_logical(existing);
  const Lsn end = state_.postgres.row ? state_.postgres.row->position() : Lsn{};
  for (const SlotInfo& slot : existing) {
    SlotReport::Line line{.slot = slot};
    if (slot.restart_lsn.known()) line.retained_bytes = lag_bytes(end, slot.restart_lsn);
    if (side.in_recovery && find_slot(permanent, slot.name)) line.sound = holds(sound_.names, slot.name);
    tell_kept_wal(line);
    out.slots.push_back(std::move(line));
  }
  out.positions.reset();
  if (side.holds_lock && !side.in_recovery) {
    out.positions = published_slots(*view, *state_.settings, side, existing);
  } else {
    out.gaps.clear();
  }
  if (!side.holds_lock && view->leader && view->status) {
    published_ = view->status->slots;
    published_by_other_ = true;
  }
}

void SlotKeeper::tell_kept_wal(const SlotReport::Line& line) {
  const std::string& status = line.slot.wal_status;
  if (status != "unreserved" && status != "lost") {
    wal_told_.erase(line.slot.name);
    return;
  }
  if (std::exchange(wal_told_[line.slot.name], status) == status) return;
  if (status == "lost") {
    state_.log.warning("replication slot {} has lost WAL that it needs: max_slot_wal_keep_size was exceeded",
                       line.slot.name);
  } else {
    state_.log.warning(
        "replication slot {} keeps {} bytes of WAL, more than max_slot_wal_keep_size: it is about to be "
        "invalidated",
        line.slot.name, line.retained_bytes);
  }
}

void SlotKeeper::warn_once(const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) {
    if (!told_.contains(warning)) state_.log.warning("{}", warning);
  }
  told_ = std::set<std::string>(warnings.begin(), warnings.end());
}

Task<void> SlotKeeper::drop(const SlotsPlan& plan, Instant deadline) {
  for (const SlotsPlan::Drop& slot : plan.drop) {
    if (holds(sound_.names, slot.name)) {
      SoundSlots fewer = sound_;
      std::erase(fewer.names, slot.name);
      const bool saved = co_await set_sound(std::move(fewer));
      if (!saved) continue;
    }
    state_.log.info("dropping replication slot {}: {}", slot.name, slot.because);
    Result<void> dropped = co_await context_.sql.drop_slot(slot.name, deadline);
    if (!dropped) {
      state_.log.warning("replication slot {} was not dropped: {}", slot.name, dropped.error().text());
      continue;
    }
    moved_.erase(slot.name);
    broken_.erase(slot.name);
    proofs_.erase(slot.name);
  }
}

Task<void> SlotKeeper::create(const SlotsPlan& plan, Instant deadline) {
  for (const std::string& name : plan.create) {
    Result<void> created = co_await context_.sql.create_physical_slot(name, deadline);
    if (!created) state_.log.warning("replication slot {} was not created: {}", name, created.error().text());
  }
}

Task<void> SlotKeeper::advance_physical(const SlotsPlan& plan, Instant deadline) {
  for (const SlotsPlan::Advance& slot : plan.advance) {
    if (!slot.database.empty()) continue;
    Result<void> advanced = co_await context_.sql.advance_slot(slot.name, "", slot.to, deadline);
    if (!advanced) tell_trouble(advanced.error());
  }
}

// A slot that somebody uses meanwhile is moved by him, and a server that stops is no trouble of its slots.
void SlotKeeper::tell_trouble(const Error& error) {
  const bool passes = error.code == ErrorCode::Conflict || error.code == ErrorCode::Unavailable;
  if (passes) {
    state_.log.debug("{}", error.text());
  } else {
    state_.log.warning("{}", error.text());
  }
}

void SlotKeeper::in_background(Task<void> task) {
  slow_busy_ = true;
  slow_id_ = slow_.spawn(std::move(task), [this](std::exception_ptr error) {
    slow_busy_ = false;
    if (error && !is_cancellation(error)) std::rethrow_exception(error);
  });
}

void SlotKeeper::advance_logical(const SlotsPlan& plan, const std::vector<SlotInfo>& existing) {
  if (slow_busy_) return;
  for (const SlotsPlan::Advance& slot : plan.advance) {
    if (slot.database.empty()) continue;
    in_background(advance_one(slot));
    return;  // the others have their turn with the next looks
  }
  // Nothing to move, but reading up to where it stands proves that its WAL is here.
  for (const SlotInfo& slot : permanent_logical(existing)) {
    const bool replayed = state_.postgres.row && slot.confirmed_flush_lsn <= state_.postgres.row->replayed_lsn;
    if (slot.active || slot.invalid || moved_.contains(slot.name) || !replayed) continue;
    in_background(advance_one({slot.name, slot.database, slot.confirmed_flush_lsn}));
    return;
  }
}

Task<void> SlotKeeper::advance_one(SlotsPlan::Advance slot) {
  Result<void> done =
      co_await context_.sql.advance_slot(slot.name, slot.database, slot.to, context_.clock.now() + kSlowPatience);
  if (done) {
    moved_.insert(slot.name);
  } else if (done.error().code == ErrorCode::NotFound) {
    state_.log.warning("logical slot {} cannot be moved on and is copied again: {}", slot.name, done.error().text());
    broken_.insert(slot.name);
  } else {
    tell_trouble(done.error());
  }
}

void SlotKeeper::create_logical(const SlotsPlan& plan) {
  if (slow_busy_ || plan.create_logical.empty()) return;
  in_background(create_one(plan.create_logical.front()));
}

Task<void> SlotKeeper::create_one(PermanentSlot slot) {
  const auto before = published_.find(slot.name);
  if (before != published_.end()) {
    // Told before it is there: whoever finds the slot can find this, too.
    report_gap(slot.name, fmt::format("it is created anew: its changes since {} are lost for its consumer",
                                      to_string(Lsn{before->second})));
    published_.erase(before);
  }
  Result<void> created = co_await context_.sql.create_logical_slot(slot, context_.clock.now() + kSlowPatience);
  if (!created) tell_trouble(created.error());
}

std::vector<SlotInfo> SlotKeeper::permanent_logical(const std::vector<SlotInfo>& existing) const {
  std::vector<SlotInfo> out;
  for (const PermanentSlot& slot : logical_slots(*state_.settings, state_.postgres.major_version)) {
    const SlotInfo* found = find_slot(existing, slot.name);
    if (found && !found->physical && !found->failover && !found->temporary) out.push_back(*found);
  }
  return out;
}

// Copies need a restart: not more slots than PostgreSQL starts with, nor without the WAL that it wants for them.
bool SlotKeeper::can_hold(const std::vector<PermanentSlot>& copies, std::size_t existing) {
  if (to_lower(parameter(*state_.settings, "wal_level")) != "logical") {
    warn_once({fmt::format("permanent logical slots are not copied: wal_level is not logical")});
    return false;
  }
  const auto limit = parse_integer(parameter(*state_.settings, "max_replication_slots"));
  const std::size_t most = limit && *limit > 0 ? static_cast<std::size_t>(*limit) : kDefaultMostSlots;
  if (existing + copies.size() <= most) return true;
  warn_once({fmt::format("permanent logical slots are not copied: there are {} slots, max_replication_slots is {}",
                         existing, most)});
  return false;
}

void SlotKeeper::offer_copies(const View& view, const SlotsPlan& plan, const std::vector<SlotInfo>& existing) {
  state_.slots.to_copy.clear();
  const Instant now = context_.clock.now();
  if (plan.copy.empty() || !view->leader) {
    if (plan.copy.empty() && now > copied_at_ + kCopyPause) copies_ = 0;
    return;
  }
  const Duration pause = copies_ > 0 ? kCopyPause * (1 << std::min(copies_, kMostCopyDoublings)) : kLookPause;
  if (now < copied_at_ + pause) return;
  if (!can_hold(plan.copy, existing.size())) return;
  state_.slots.to_copy = plan.copy;
  context_.report({.kind = Event::Kind::SlotsLooked});
}

void SlotKeeper::copying() {
  state_.slots.to_copy.clear();
  copied_at_ = context_.clock.now();
  ++copies_;
}

void SlotKeeper::not_copied() {
  --copies_;
}

void SlotKeeper::report_gap(const std::string& slot, std::string why) {
  state_.log.error("logical replication slot {}: {}", slot, why);
  std::string& text = state_.slots.gaps[slot];
  if (!text.empty()) text += "; ";
  text += why;
}

Task<void> SlotKeeper::load_sound() {
  if (sound_loaded_) co_return;
  Result<std::optional<SoundSlots>> loaded = co_await state_.ports.local.load_sound_slots();
  sound_loaded_ = true;
  if (!loaded) state_.log.warning("record of logical slots could not be read: {}", loaded.error().text());
  if (!loaded || !*loaded) co_return;
  sound_on_record_ = true;
  sound_ = std::move(**loaded);
}

// What is said to be sound was on record before. When saving fails, what was lost stays lost in memory.
Task<bool> SlotKeeper::set_sound(SoundSlots sound) {
  std::sort(sound.names.begin(), sound.names.end());
  if (sound == sound_) co_return true;
  std::erase_if(sound_.names, [&](const std::string& name) { return !holds(sound.names, name); });
  Result<void> saved = co_await state_.ports.local.save_sound_slots(sound);
  if (!saved) {
    state_.log.warning("record of logical slots was not saved: {}", saved.error().text());
    co_return false;
  }
  sound_on_record_ = true;
  sound_ = std::move(sound);
  co_return true;
}

Task<void> SlotKeeper::look_as_standby(View view, std::vector<SlotInfo> existing) {
  assessed_.reset();
  const std::vector<SlotInfo> logical = permanent_logical(existing);
  SoundSlots next = sound_;
  if (view->leader) {
    const std::string leader = name_of(view->leader->generation);
    if (leader != next.leader || !proven_here_) {
      // Another leader removed rows by other rules, and what happened while no daemon looked nobody knows.
      next = {leader, {}};
      proofs_.clear();
      proven_here_ = true;
    }
  }
  std::erase_if(next.names, [&](const std::string& name) {
    const SlotInfo* slot = find_slot(logical, name);
    return slot == nullptr || slot->invalid;
  });
  if (logical.empty() && next.names.empty() && !sound_on_record_) co_return;
  co_await set_sound(std::move(next));
  std::erase_if(moved_, [&](const std::string& name) { return find_slot(logical, name) == nullptr; });
  if (!logical.empty() && view->leader && view->leader_member()) co_await prove(view, logical);
}

Task<void> SlotKeeper::prove(View view, std::vector<SlotInfo> logical) {
  const Instant now = context_.clock.now();
  Result<std::vector<SlotInfo>> there = co_await context_.data.slots_of(*view->leader_member(), now + kLeaderPatience);
  if (!there) {
    state_.log.debug("slots of the leader could not be looked at: {}", there.error().text());
    co_return;
  }
  const SlotInfo* feedback = find_slot(*there, feedback_slot(*view, *state_.settings));
  SoundSlots next = sound_;
  for (const SlotInfo& slot : logical) {
    Proof& proof = proofs_[slot.name];
    // In a longer gap this member's slot may have been dropped and made again.
    if (now > proof.at + Duration(state_.settings->dynamic.ttl)) {
      proof.catalog = {};
      std::erase(next.names, slot.name);
    }
    proof.at = now;
    const bool rows = prove_catalog(proof.catalog, slot, find_slot(*there, slot.name), feedback);
    const bool was = holds(next.names, slot.name);
    if (rows && moved_.contains(slot.name)) {
      if (!was) next.names.push_back(slot.name);
    } else if (proof.catalog.leader_xmin == 0) {
      std::erase(next.names, slot.name);
    }
  }
  const SoundSlots before = sound_;
  const bool saved = co_await set_sound(std::move(next));
  if (!saved) co_return;
  for (const std::string& name : sound_.names) {
    if (!holds(before.names, name)) {
      state_.log.info("logical slot {} is complete here: a promotion would lose none of its changes", name);
    }
  }
}

// Where this member's timeline begins; nullopt: that is the cluster's beginning, or it cannot be told.
Task<std::optional<Lsn>> SlotKeeper::fork_point() {
  const Timeline timeline = state_.postgres.row->timeline;
  if (timeline.id <= 1) co_return std::nullopt;
  auto history = co_await context_.data.read_history(timeline, context_.clock.now() + kSqlPatience);
  if (!history || history->empty()) co_return std::nullopt;
  co_return history->back().lsn;
}

// After a promotion, or when the daemon finds itself leading: nobody must believe in a slot that may miss changes. One
// that is missing is reported when it is made anew.
Task<void> SlotKeeper::look_as_primary(std::vector<SlotInfo> existing) {
  const auto proof = context_.lock.proof();
  if (!proof || assessed_ == proof->generation) co_return;
  const std::vector<SlotInfo> logical = permanent_logical(existing);
  std::optional<Lsn> fork;
  if (published_by_other_ && !logical.empty()) fork = co_await fork_point();
  SoundSlots next{name_of(proof->generation), {}};
  for (const SlotInfo& slot : logical) {
    next.names.push_back(slot.name);
    if (sound_on_record_ && !holds(sound_.names, slot.name)) {
      report_gap(slot.name,
                 "it is not proven that this member had everything the slot needs when it was promoted; its consumer "
                 "may miss changes");
    }
    const auto confirmed = published_.find(slot.name);
    if (fork && confirmed != published_.end() && Lsn{confirmed->second} > *fork) {
      report_gap(slot.name,
                 fmt::format("its consumer had confirmed {}, but this member's history goes on from {}: what "
                             "it got in between is lost here, and what is written here up to that position "
                             "may not reach it",
                             to_string(Lsn{confirmed->second}), to_string(*fork)));
    }
  }
  published_by_other_ = false;
  const bool nothing = logical.empty() && !sound_on_record_;
  if (nothing || co_await set_sound(std::move(next))) assessed_ = proof->generation;
}

void SlotKeeper::remember_positions() {
  for (const SlotReport::Line& line : state_.slots.slots) {
    if (!line.slot.physical) published_[line.slot.name] = line.slot.confirmed_flush_lsn.bytes;
  }
  const auto permanent = logical_slots(*state_.settings, state_.postgres.major_version);
  std::erase_if(published_, [&](const auto& slot) {
    return std::none_of(permanent.begin(), permanent.end(), [&](const auto& p) { return p.name == slot.first; });
  });
}

}  // namespace tamada
