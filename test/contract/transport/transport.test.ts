import { binaryBackend, memoryBackend, websocketBackend } from './producer-backends';
import { producerScenarios } from './producer-scenarios';

producerScenarios('memory', memoryBackend);
producerScenarios('binary', binaryBackend);
producerScenarios('websocket', websocketBackend);
