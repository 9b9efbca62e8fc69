// The small documents of the run directory as JSON texts. Pure; a broken text is an error, never a crash.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "ports/local_state.h"

namespace tamada {

std::string format_adoption(const AdoptionRecord& record);
Result<AdoptionRecord> parse_adoption(std::string_view text);
std::string format_promotion_note(const PromotionNote& note);
Result<PromotionNote> parse_promotion_note(std::string_view text);
std::string format_promise(const PromiseRecord& record);
Result<PromiseRecord> parse_promise(std::string_view text);
std::string format_sound_slots(const SoundSlots& slots);
Result<SoundSlots> parse_sound_slots(std::string_view text);
std::string format_store_mark(const StoreMark& mark);
Result<StoreMark> parse_store_mark(std::string_view text);
Result<ScheduledRestart> parse_scheduled_restart(std::string_view text);
std::string format_work_note(const WorkNote& note);
Result<WorkNote> parse_work_note(std::string_view text);

}  // namespace tamada
