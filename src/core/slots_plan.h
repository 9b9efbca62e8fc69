// Which replication slots should exist on this member, and where they should stand (ha_behaviour.md 7). Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/memory.h"
#include "model/cluster_view.h"
#include "model/permanent_slots.h"
#include "model/settings.h"
#include "model/slot_info.h"

namespace tamada {

using SlotPositions = std::map<std::string, std::uint64_t>;

struct SlotsPlan {
  struct Drop {
    std::string name;
    std::string because;
    bool operator==(const Drop&) const = default;
  };
  struct Advance {
    std::string name;
    std::string database;  // empty: a physical slot
    Lsn to;
    bool operator==(const Advance&) const = default;
  };
  // In this order. What is dropped to be made anew stands in both lists.
  std::vector<Drop> drop;  // never an active one, never in pause
  std::vector<std::string> create;
  std::vector<PermanentSlot> create_logical;  // on the primary
  std::vector<Advance> advance;
  // Logical slots that the leader has and this standby lacks.
  std::vector<PermanentSlot> copy;
  std::vector<std::string> warnings;  // two members with one slot name, entries that cannot be used ...
};

// Who this member is for its slots.
struct SlotsSide {
  bool holds_lock = false;
  bool in_recovery = true;
  int version = 0;                    // PostgreSQL's, 0 = unknown
  Lsn replayed;                       // standby
  std::vector<std::string> retained;  // as lock holder: retained_slots(); others go by what it published in /status
  // What a primary told that goes on without the store; it counts instead of /status.
  std::optional<SlotPositions> told;
};

SlotsPlan plan_slots(const ClusterView& view, const Settings& settings, const SlotsSide& side,
                     const std::vector<SlotInfo>& existing);

// What the leader publishes of its slots in /status (dcs.md 1.6), without its own name's.
SlotPositions published_slots(const ClusterView& view, const Settings& settings, const SlotsSide& side,
                              const std::vector<SlotInfo>& existing);
// Does the leader publish its own position under its slot name, too?
bool publishes_own_slot(const Settings& settings, int version);

// Permanent logical slots that this cluster can have; the section's other entries are reported by plan_slots().
std::vector<PermanentSlot> logical_slots(const Settings& settings, int version);

// hot_standby_feedback has to be on here: catalog rows that a logical slot needs on this standby or on one that
// replicates through it would be removed otherwise. Without a view: what is safe.
bool needs_feedback(const ClusterView* view, const Settings& settings, int version);

// Notes in `m` which members are registered now. What another leader published is taken over until this member leads,
// so that neither a new leader nor a restarted daemon forgets a member that is away; its time begins anew then.
void remember_slots(Memory& m, const ClusterView& view, bool holds_lock, const Settings& settings, Instant now);

// The lock holder's retain_slots: slots of members, its own included, that were registered less than member_slots_ttl
// ago, without permanent ones. Sorted; empty where slots of absent members are not kept. `version`: PostgreSQL's,
// 0 = unknown.
std::vector<std::string> retained_slots(const Memory& m, const Settings& settings, int version, Instant now);

// The proof that the catalog rows which a logical slot on a standby needs are there: until a moment the leader's slot
// of the same name kept those from its catalog_xmin on; from that moment on this member's physical slot there keeps
// those from its own on. A slot here whose catalog_xmin is not older than either lacks none.
struct CatalogProof {
  std::uint32_t leader_xmin = 0;  // of the leader's logical slot when feedback was first seen; 0 = not seen yet
};
// From one look at the leader. `feedback`: the slot on the leader in which this member's feedback ends; nullptr = none.
// True once it is proven.
bool prove_catalog(CatalogProof& proof, const SlotInfo& here, const SlotInfo* on_leader, const SlotInfo* feedback);

// The slot name under which this member's feedback arrives at the leader: its own, or that of the member next to the
// leader in a cascade.
std::string feedback_slot(const ClusterView& view, const Settings& settings);

}  // namespace tamada
