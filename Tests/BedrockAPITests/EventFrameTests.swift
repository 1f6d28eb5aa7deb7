import Testing

@testable import BedrockAPI

@Suite struct EventFrameTests {
    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    @Test("the checksum of the usual text")
    func checksum() {
        #expect(CRC32.checksum(Array("123456789".utf8)) == 0xCBF4_3926)
        #expect(CRC32.checksum([]) == 0)
    }

    @Test("the format's published vectors: nothing, and a payload without headers")
    func vectors() {
        #expect(hex(EventFrame(headers: [], payload: []).bytes) == "000000100000000005c248eb7d98c8ff")
        #expect(
            hex(EventFrame(headers: [], payload: Array("{'foo':'bar'}".utf8)).bytes)
                == "0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936")
    }

    @Test("a frame with headers, byte by byte")
    func headers() {
        let frame = EventFrame.event("messageStart", Array("{\"role\":\"assistant\"}".utf8))
        #expect(
            hex(frame.bytes)
                == "000000760000005296d5fade0b3a6576656e742d7479706507000c6d65737361676553746172740d3a636f6e74656e742d74"
                + "7970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b22726f6c6522"
                + "3a22617373697374616e74227d6fa8c599")
    }

    @Test("what a reader sees of an exception")
    func exception() throws {
        let frames = try ParsedFrame.parse(EventFrame.exception("throttlingException", Array("{}".utf8)).bytes)
        #expect(frames.count == 1)
        #expect(
            frames.first?.headers == [
                ":message-type": "exception", ":exception-type": "throttlingException",
                ":content-type": "application/json",
            ])
    }
}
