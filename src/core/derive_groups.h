// Inside of core/derive_facts.cc: the facts in groups, one function each. Not for use elsewhere.
#pragma once

#include "core/derive_facts.h"
#include "core/election.h"

namespace tamada {

struct DerivationInput {
  const Observation& observation;
  const Memory& memory;
  const ClusterView* view;  // null before the first
  const Settings& settings;
  Instant now;
  WallTime wall;
  Timing timing;

  ElectionInput election() const { return {observation, memory, *view, settings, now, wall}; }
};

void derive_postgres(const DerivationInput& in, Facts& facts);    // what runs and what the directory says
void derive_lock(const DerivationInput& in, Facts& facts);        // lock, validity, leader
void derive_recovery(const DerivationInput& in, Facts& facts);    // starts, divergence, repair
void derive_clone(const DerivationInput& in, Facts& facts);       // bootstrap and clone
void derive_orders(const DerivationInput& in, Derived& derived);  // restart and reinitialize
void derive_race(const DerivationInput& in, Derived& derived);    // requests, standing, peers; needs the others

}  // namespace tamada
