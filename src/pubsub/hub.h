/* The hub of one loop. What a broker will need of it comes here. */
#ifndef WF_PUBSUB_HUB_H
#define WF_PUBSUB_HUB_H

#include "pubsub/topics.h"
#include "weft/pubsub.h"

#endif
