#pragma once

// A placer of our own: no program is needed, it cannot fail, and the same bodies always end up in
// the same places. Springs pull, bodies push each other away (Fruchterman and Reingold 1991, the
// pushing summed up over a quadtree as by Barnes and Hut 1986), and in the end circles that still
// overlap are moved apart. The number of rounds depends on the number of bodies only: a second for
// ten thousand of them, a few for a million, which are then placed more roughly.

#include <functional>

#include "analysis/graph_layout.h"

namespace hark {

PlacedBodies PlaceByForces(const GraphBodies& bodies);

// Whether there is no time for another round.
using StopPlacing = std::function<bool()>;
// The same, but asks before each round, and where time is over leaves the circles where they are,
// in the worst case where they began: none over another, the best connected in the middle. Then it
// says that the layout was cut short (PlacedBodies::by is kCutShort).
PlacedBodies PlaceByForcesUntil(const GraphBodies& bodies, const StopPlacing& stop);
inline constexpr char kCutShort[] = "hark, cut short";

// Moves circles apart until none overlaps, or as far as `rounds` rounds get; keeps who is where.
void SeparateBodies(const GraphBodies& bodies, std::vector<GraphPoint>& at, int rounds,
                    const StopPlacing& stop = nullptr);

}  // namespace hark
