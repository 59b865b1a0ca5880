import { binaryBackend } from './binary-backend';
import { memoryBackend } from './consumer-lab';
import { consumerScenarios } from './consumer-scenarios';
import { websocketBackend } from './websocket-backend';

consumerScenarios('memory', memoryBackend);
consumerScenarios('binary', binaryBackend);
consumerScenarios('websocket', websocketBackend);
