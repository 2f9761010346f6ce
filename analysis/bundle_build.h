#pragma once

// From what is known to what is said: the facts with everybody else taken out, and the check that
// knows what must not be there.

#include "analysis/bundle.h"
#include "analysis/bundle_check.h"
#include "analysis/bundle_facts.h"
#include "analysis/bundle_pseudonyms.h"

namespace hark {

// What must not be in a bundle of these facts. hosts must outlive it.
BundleCheck MakeBundleCheck(const BundleFacts& facts, const HostTable& hosts,
                            const BundlePseudonyms& pseudonyms);

// check: MakeBundleCheck's of the same facts; decides which names of own hosts may be shown.
Bundle BuildBundle(const BundleFacts& facts, const proto::RunRow& run, const BundleOwner& owner,
                   const BundlePseudonyms& pseudonyms, const BundleCheck& check);

// A bundle of the same covering facts and own addresses, without anything that anybody showed, and
// with every word hark itself may write in one: a name that is found in its files is nobody's.
Bundle BundleOfNobody(const Bundle& bundle);

}  // namespace hark
