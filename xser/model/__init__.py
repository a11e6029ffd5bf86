"""What learns: encoders, losses, batches and the Brain that joins them."""

import logging
import os

# SpeechBrain logs every learning rate and every loaded checkpoint at its default level, and misses torchvision, which
# nothing here needs. A user's SB_LOG_LEVEL counts.
os.environ.setdefault("SB_LOG_LEVEL", "WARNING")
logging.getLogger("speechbrain").setLevel(os.environ["SB_LOG_LEVEL"].upper())
logging.getLogger("speechbrain.utils.train_logger").addFilter(lambda record: "torchvision" not in record.getMessage())
