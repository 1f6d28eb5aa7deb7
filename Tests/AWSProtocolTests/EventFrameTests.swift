import Testing

@testable import AWSProtocol

@Suite struct EventFrameTests {
    @Test("the format's published vectors: nothing, and a payload without headers")
    func vectors() {
        #expect(Hexadecimal.encode(EventFrame(headers: [], payload: []).bytes) == "000000100000000005c248eb7d98c8ff")
        #expect(
            Hexadecimal.encode(EventFrame(headers: [], payload: Array("{'foo':'bar'}".utf8)).bytes)
                == "0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936")
    }

    @Test("a frame with headers, byte by byte")
    func headers() {
        let frame = EventFrame.event("messageStart", Array("{\"role\":\"assistant\"}".utf8))
        #expect(
            Hexadecimal.encode(frame.bytes)
                == "000000760000005296d5fade0b3a6576656e742d7479706507000c6d65737361676553746172740d3a636f6e74656e742d74"
                + "7970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b22726f6c6522"
                + "3a22617373697374616e74227d6fa8c599")
    }

    @Test("an exception names its kind in place of an event's")
    func exception() {
        let frame = EventFrame.exception("throttlingException", Array("{}".utf8))
        #expect(frame.headers.map(\.value) == ["throttlingException", "application/json", "exception"])
        #expect(frame.headers.map(\.name.description) == [":exception-type", ":content-type", ":message-type"])
        #expect(frame.bytes.count == 16 + 16 + 22 + 14 + 19 + 14 + 12 + 2)
    }
}
