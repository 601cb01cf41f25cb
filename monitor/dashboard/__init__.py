"""The live page: looks on at the topics, writes to none of them, and shows what it sees."""
